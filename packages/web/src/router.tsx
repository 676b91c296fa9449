import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { AccountPage } from './pages/account-page.tsx'
import { AuditPage } from './pages/audit-page.tsx'
import { HomePage } from './pages/home-page.tsx'
import { ImagesPage } from './pages/images-page.tsx'
import { JoinGroupPage } from './pages/join-group-page.tsx'
import { NotFoundPage } from './pages/not-found-page.tsx'
import { PageFrame } from './ui/page-frame.tsx'

const root = createRootRoute({ component: PageFrame, notFoundComponent: () => <NotFoundPage /> })

const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage })

const images = createRoute({ getParentRoute: () => root, path: '/images', component: ImagesPage })

const account = createRoute({ getParentRoute: () => root, path: '/account', component: AccountPage })

const joinGroup = createRoute({ getParentRoute: () => root, path: '/join-group', component: JoinGroupPage })

const audit = createRoute({ getParentRoute: () => root, path: '/audit', component: AuditPage })

/** The only page with a terminal, so the only one that waits for xterm.js to load. */
export const runRoute = createRoute({
  getParentRoute: () => root,
  path: '/runs/$id',
  component: lazyRouteComponent(() => import('./pages/run-page.tsx'), 'RunPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([home, images, account, audit, joinGroup, runRoute]),
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

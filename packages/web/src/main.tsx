// First: everything after it may make schemas.
import './zod-without-eval.ts'
import { Tooltip } from '@base-ui/react/tooltip'
import { RametError } from '@ramet/model/errors/error.ts'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queries } from './api/queries.ts'
import { isNotAuthenticated } from './api/session.ts'
import { router } from './router.tsx'
import { Toasts } from './ui/toasts.tsx'
import './styles.css'

const cache = new QueryClient({
  queryCache: new QueryCache({
    onError(error, query) {
      // A session that ended leads back to the login page, whatever was being read.
      if (isNotAuthenticated(error) && query.queryKey[0] !== 'me') void cache.resetQueries(queries.me())
    },
  }),
  defaultOptions: {
    queries: {
      // Events keep everything fresh while the page is seen.
      staleTime: 30_000,
      networkMode: 'always',
      retry: (failures, error) => failures < 3 && !(error instanceof RametError && error.status < 500),
    },
    mutations: { networkMode: 'always' },
  },
})

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <Tooltip.Provider delay={250}>
        <Toasts>
          <RouterProvider router={router} />
        </Toasts>
      </Tooltip.Provider>
    </QueryClientProvider>
  </StrictMode>,
)

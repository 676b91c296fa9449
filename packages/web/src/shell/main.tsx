// First: everything after it may make schemas.
import '../zod-without-eval.ts'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ShellPage } from './shell-page.tsx'
import '../styles.css'

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <ShellPage />
  </StrictMode>,
)

/** Starts the pages. */
import './style.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { ApiProblem } from './http.ts';
import { startSender } from './sender.ts';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      // A refusal stays a refusal; a server that is away comes back.
      retry: (failures, error) => failures < 4 && !(error instanceof ApiProblem && !error.passing),
      retryDelay: (attempt) => Math.min(4_000, 300 * 2 ** attempt),
    },
  },
});

startSender();
createRoot(document.getElementById('root')!).render(
  <QueryClientProvider client={queries}>
    <App />
  </QueryClientProvider>,
);

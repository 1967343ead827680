/**
 * The library. Pure parts are entries of their own (`headstart/sampling`, `headstart/labelconfig`, ...); here is the
 * whole house as one call.
 */
export type { App, Identity } from './app/app.ts';
export { type Running, startServer } from './compose.ts';
export { type Config, type Flags, readConfig } from './config.ts';
export type * from './core/domain.ts';
export { AppError, ERROR_KINDS, type ErrorCode } from './core/errors.ts';

/** OpenAPI at `/docs/json`, made from the contract, and a page to read it at `/docs`. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { PRODUCT_VERSION } from './version.ts';

/** The reader draws itself with inline styles; scripts stay as strict as everywhere. */
const DOCS_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

export async function describeApi(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      info: {
        title: 'Headstart',
        version: PRODUCT_VERSION,
        description: "Pre-labeling and active learning. Paths and fields are Label Studio's where it has them.",
      },
      components: {
        securitySchemes: {
          token: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`Token ...` or `Bearer ...`' },
        },
      },
      security: [{ token: [] }],
    },
  });
}

export async function serveDocs(server: FastifyInstance): Promise<void> {
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { validatorUrl: null, persistAuthorization: false },
  });
}

/** OpenAPI at `/docs/json`, made from the contract, and a page to read it at `/docs`. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { PAGE_POLICY } from './headers.ts';
import { PRODUCT_VERSION } from './version.ts';

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
    staticCSP: PAGE_POLICY,
    uiConfig: { validatorUrl: null, persistAuthorization: false },
  });
}

import fastify from 'fastify';
import { answer } from './answering.js';

const sample = JSON.parse(process.env['SAMPLE_ANSWER']!) as object;
const app = fastify();
app.post('/v1/eligibility', (request, reply) => {
  const { purpose } = request.body as { purpose: string };
  return reply.send({ ...sample, purpose });
});
await app.listen({ host: '127.0.0.1', port: 0 });

process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));

answer({ port: (app.server.address() as { port: number }).port }, {});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import { ownClasses } from '../../core/api/own-classes.ts';

describe('Requests and responses of the API', () => {
  it('have the prototypes that express asks for when they are made, and all that express and Node give them', async () => {
    const app = express();
    app.get('/hello', (request, response) => void response.status(201).json({ path: request.path, host: request.get('host') }));
    const atBirth: boolean[] = [];
    const server = createServer(ownClasses(app), (request, response) => {
      atBirth.push(Object.getPrototypeOf(request) === app.request, Object.getPrototypeOf(response) === app.response);
      app(request, response);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const answer = await fetch(`http://${host}/hello`);
      expect([answer.status, await answer.json()]).to.deep.equal([201, { path: '/hello', host }]);
      expect(atBirth).to.deep.equal([true, true]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

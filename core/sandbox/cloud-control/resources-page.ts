import { Router } from 'express';
import { markup, sendPage } from '../page.ts';
import type { CloudControl } from './cloud-control.ts';

/** The sandbox's own page: what exists in its account, whether or not the API's reads find it yet. */
export function resourcesPage(cloudControl: CloudControl): Router {
  const router = Router();
  router.get('/aws/resources', (_req, res) => {
    const { resources } = cloudControl.inventory();
    const rows = resources.map(
      (one) =>
        markup`<tr>
          <td>${one.type}</td>
          <td><code>${one.identifier}</code></td>
          <td>${one.region}</td>
          <td>${one.state}</td>
          <td><code>${JSON.stringify(one.tags)}</code></td>
        </tr>`,
    );
    const body = markup`<h1>Resources</h1>
      ${rows.length === 0 && markup`<p class="note">Nothing exists. CreateResource makes something.</p>`}
      <div class="scroll">
        <table>
          <tr><th>Type</th><th>Identifier</th><th>Region</th><th>State</th><th>Tags</th></tr>
          ${rows}
        </table>
      </div>`;
    sendPage(res, { title: 'Resources', refresh: 2, body });
  });
  return router;
}

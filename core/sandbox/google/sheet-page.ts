import { Router } from 'express';
import { markup, sendPage } from '../page.ts';
import type { Html } from '../page.ts';
import { columnName } from './a1.ts';
import type { Grid } from './grid.ts';
import type { Spreadsheet, Spreadsheets } from './spreadsheets.ts';

/** The sandbox's own pages: a spreadsheet as a table that follows what is written, and a button for a new one. */
export function sheetPages(spreadsheets: Spreadsheets): Router {
  const router = Router();
  router.get('/google/sheet/:id', (req, res) => {
    const spreadsheet = spreadsheets.find(req.params.id);
    if (!spreadsheet) return sendPage(res, missing(req.params.id));
    return sendPage(res, { title: spreadsheet.title, refresh: 2, body: spreadsheetBody(spreadsheet) });
  });
  router.post('/google/sheet', (req, res) => {
    const form = new URLSearchParams(Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '');
    const { id } = spreadsheets.create(form.get('title') || 'Untitled spreadsheet', ['Sheet1']);
    res.redirect(303, `/google/sheet/${id}`);
  });
  return router;
}

function missing(id: string) {
  return {
    title: 'No such spreadsheet',
    status: 404,
    body: markup`<h1>No such spreadsheet</h1>
      <p>There is none with the id <code>${id}</code>. <a href="/">The ones there are.</a></p>`,
  };
}

function spreadsheetBody(spreadsheet: Spreadsheet): Html {
  return markup`<h1>${spreadsheet.title}</h1>
    <p>Spreadsheet id <code>${spreadsheet.id}</code>. The page follows the sheet by itself.</p>
    ${spreadsheet.grids.map(
      (grid) =>
        markup`<h2>${grid.title}</h2>
          ${gridTable(grid)}`,
    )}`;
}

function gridTable(grid: Grid): Html {
  const used = grid.used();
  if (!used) return markup`<p class="note">Empty: nothing has been written yet.</p>`;
  const columns = Array.from({ length: used.right + 1 }, (_, c) => c);
  const rows = Array.from({ length: Math.min(used.bottom + 1, 500) }, (_, r) => r);
  return markup`<div class="scroll">
      <table class="sheet">
        <tr>
          <th></th>
          ${columns.map((c) => markup`<th>${columnName(c)}</th>`)}
        </tr>
        ${rows.map(
          (r) =>
            markup`<tr>
              <th>${r + 1}</th>
              ${columns.map((c) => tableCell(grid, r, c))}
            </tr> `,
        )}
      </table>
    </div>
    ${used.bottom >= 500 && markup`<p class="note">${used.bottom + 1} rows, of which the first 500 are shown.</p>`}`;
}

function tableCell(grid: Grid, row: number, column: number): Html {
  const cell = grid.cell(row, column);
  return markup`<td dir="auto" class="${typeof cell?.value === 'number' ? 'number' : ''}">${cell?.shown ?? ''}</td>`;
}

/** The sandbox's only stylesheet, served at /_sandbox/style.css. Text here, because only TypeScript is compiled into `dist`. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #1a73e8; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
nav { display: flex; gap: 1.2rem; padding: .7rem 1.2rem; border-bottom: 1px solid var(--line); }
nav a { color: inherit; text-decoration: none; }
nav a:first-child { font-weight: 600; }
main { max-width: 72rem; margin: 0 auto; padding: 1.2rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
code, pre { font: .87em/1.45 ui-monospace, monospace; background: var(--soft); border-radius: 4px; }
code { padding: .1em .3em; overflow-wrap: anywhere; }
pre { padding: .8rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: start; vertical-align: top; }
th { background: var(--soft); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; } dd { margin: 0; }
button { font: inherit; padding: .5rem 1.4rem; border: 0; border-radius: 6px; background: var(--accent); color: #fff; cursor: pointer; }
button.quiet { background: none; color: inherit; border: 1px solid var(--line); }
input[type=text] { font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 6px; }
.scroll { overflow-x: auto; }
.sheet th { text-align: center; color: #888; } .sheet td { min-width: 6rem; white-space: pre-wrap; }
.sheet td.number { text-align: end; }
.card { max-width: 28rem; margin: 2rem auto; padding: 1.5rem; border: 1px solid var(--line); border-radius: 12px; }
.row { display: flex; gap: .8rem; align-items: center; flex-wrap: wrap; }
.phones { display: flex; gap: 1.5rem; flex-wrap: wrap; }
.phone { width: 22rem; border: 1px solid var(--line); border-radius: 24px; padding: 1rem; }
.phone h2 { margin: 0 0 .8rem; text-align: center; font-size: 1rem; }
.bubble { background: var(--soft); border-radius: 16px; padding: .6rem .9rem; margin: .5rem 0 .1rem; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: start; }
.note { color: #888; font-size: .82rem; margin: 0 .4rem; }
.good { color: #1e8e3e; } .bad { color: #d93025; }
`;

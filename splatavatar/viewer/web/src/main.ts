import './trust/trust.css';
import './ui/style.css';
import './trust/page.css';
import { sentence } from './errors';
import { hasEmbedded } from './file/embedded';
import { App } from './ui/app';
import { element } from './ui/dom';
import { readLink } from './ui/link';

const { dataset } = document.documentElement;

/** Says in one sentence why there is nothing to see. */
function fail(error: unknown): void {
  const text = sentence(error);
  document.body.replaceChildren(
    element(
      'main',
      { class: 'failure', role: 'alert' },
      element('h1', {}, 'There is nothing to see'),
      element('p', {}, text),
    ),
  );
  dataset.message = text;
  dataset.state = 'error';
}

async function main(): Promise<void> {
  await new App(readLink(location.search, hasEmbedded('signal'))).start();
  dataset.drawn = performance.now().toFixed(1);
  dataset.state = 'ready';
}

main().catch(fail);

import '../trust/trust.css';
import '../ui/style.css';
import '../trust/page.css';
import './agent.css';
import { sentence } from '../errors';
import { element } from '../ui/dom';
import { readTarget } from './address';
import { checkPeers } from './connections/channels';
import { AgentPage } from './page';

const { dataset } = document.documentElement;

/** Says in one sentence why there is nobody to talk to. */
function fail(text: string): void {
  document.body.replaceChildren(
    element(
      'main',
      { class: 'failure', role: 'alert' },
      element('h1', {}, 'There is nobody to talk to'),
      element('p', {}, text),
      element('button', { type: 'button', onclick: () => location.reload() }, 'Try again'),
    ),
  );
  dataset.message = text;
  dataset.state = 'error';
}

async function main(): Promise<void> {
  checkPeers();
  const target = readTarget(location.hash, location.href);
  document.querySelector('#loading')?.remove();
  await new AgentPage(fail).start(target);
  if (dataset.state !== 'error') dataset.state = 'ready';
}

addEventListener('hashchange', () => location.reload());
main().catch((error) => fail(sentence(error)));

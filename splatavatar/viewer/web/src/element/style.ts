import label from '../trust/trust.css?inline';

/** A page changes it by the element's own style, and the sentence of what is wrong by the part `message`. */
const STYLE = `
:host { display: inline-block; position: relative; width: 300px; height: 300px; overflow: hidden; }
:host([hidden]) { display: none; }
:host([controls]) { touch-action: none; }
:host(:focus-visible) { outline: 2px solid Highlight; outline-offset: 2px; }
div { position: absolute; inset: 0; }
canvas { display: block; width: 100%; height: 100%; }
p { position: absolute; inset: auto 0 0; margin: 0; padding: 0.5em 0.75em; font: 0.875rem/1.4 system-ui, sans-serif;
  color: #fff; background: #900d; }
p:empty, .drawn slot { display: none; }
.trust { position: absolute; inset: auto auto 6px 6px; max-width: calc(100% - 12px); cursor: auto; }
:host([label^="top"]) .trust { inset: 6px auto auto 6px; }
:host([label="bottom-right"]) .trust { inset: auto 6px 6px auto; }
:host([label="top-right"]) .trust { inset: 6px 6px auto auto; }
:host .trust[open], :host([label]) .trust[open] { inset: 6px; }
.trust dl { position: absolute; inset: 2.2em 0 0; margin: 0; }
`;

let made: CSSStyleSheet | null = null;

/** The one style sheet of all elements. */
export function styleSheet(): CSSStyleSheet {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(label + STYLE);
  }
  return made;
}

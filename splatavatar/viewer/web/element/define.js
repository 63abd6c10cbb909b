// Makes <splat-avatar> known by being imported.
import { define } from './index.js';

define();

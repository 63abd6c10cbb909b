// Makes <splat-avatar> known: what a page loads by one script tag.
import { define } from './index';

define();

import { Registry } from '../../core/kernel/registry.ts';
import apiKey from '../../plugins/apiKey/index.ts';
import basic from '../../plugins/basic/index.ts';
import bearer from '../../plugins/bearer/index.ts';
import none from '../../plugins/none/index.ts';
import oauth2 from '../../plugins/oauth2/index.ts';

/** The auth schemes that fixtures use; fixed, since messages list them. */
export const registry = new Registry([none, apiKey, basic, bearer, oauth2]);

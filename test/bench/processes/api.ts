import 'reflect-metadata';
import { startApi } from '../../../apps/api/src/start.js';
import { serve } from './serving.js';

await serve(startApi);

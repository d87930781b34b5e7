import 'reflect-metadata';
import { startStandalone } from '../../../apps/standalone/src/start.js';
import { serve } from './serving.js';

await serve(startStandalone);

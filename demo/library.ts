/** The library: all recordings and clips in a storage. */
import { openLibrary } from './app/library.ts';

openLibrary();

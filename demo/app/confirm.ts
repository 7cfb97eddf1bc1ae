/** A question in the page, answered by a dialog. */
import { byId } from './dom.ts';

/**
 * Asks before something is deleted.
 *
 * @returns True when the person agreed; false for cancel, and for the Escape key.
 */
export const confirmDelete = (text: string): Promise<boolean> => {
  const dialog = byId('confirm', HTMLDialogElement);
  byId('confirm-text', HTMLParagraphElement).textContent = text;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise(resolve => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'delete'), { once: true });
  });
};

/** What a chain knows of the stream that it follows. */

export type State =
  /** No key frame came, or the chain broke at its base. */
  | { name: 'broken'; since: 'start' | 'loss' }
  /** Frames can be told apart by their numbers. */
  | { name: 'numbered'; newest: number }
  /** They can't: the decoder tells, or time alone. */
  | {
      name: 'plain';
      /** Where time alone tells: when it was asked whether what is waited for was lost. */
      askedAt: number | undefined;
      /** Why nothing is certain until the next key frame. */
      doubt: 'unknown' | 'unanswered' | undefined;
    };

export type Plain = Extract<State, { name: 'plain' }>;

export const plainState = (): Plain => ({ name: 'plain', askedAt: undefined, doubt: undefined });

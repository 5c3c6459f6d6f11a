/**
 * What permissions say of the files that one call goes over, for tools whose subject is only where they begin. Plain data: it
 * is handed to threads. The tool itself leaves out what it may not give.
 */
export type FileRule = {
  verdict: 'allow' | 'ask' | 'deny';
  /** Null where it is about every file. */
  glob: string | null;
  from: 'faculty' | 'workspace' | 'person';
  /** As it is written, for the model. */
  text: string;
  /** A question that was answered with the call: the rule is about where that begins, too. */
  isAnswered: boolean;
};

export type FileRules = {
  /** Those about reading a file, and those about the tool itself, each with the one first that counts first. */
  reading: readonly FileRule[];
  own: readonly FileRule[];
  /** What becomes of a question about a file that the call did not ask. */
  questions: 'allowed' | 'left out';
};

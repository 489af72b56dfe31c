/**
 * How long the answer of guard or lock is waited for before it is taken for granted that no worker polls their queue.
 *
 * The server may take 13 s to give the task of a workflow whose worker was killed to another one, which has to start.
 */
export const companionAnswerSeconds = 30;

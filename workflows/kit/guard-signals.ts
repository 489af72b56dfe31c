import { defineSignal } from '@temporalio/workflow';
import { type Action } from '../contract/actions';
import { type Call } from '../contract/calls';
import { messages, type OpenBracket } from '../contract/messages';

/** What a run and its guard tell each other; see `messages` for who tells whom. */
export const bracketOpened = defineSignal<[OpenBracket]>(messages.bracketOpened);
export const bracketClosed = defineSignal<[number, string?]>(messages.bracketClosed);
export const bracketCommitted = defineSignal<[{ id: number; close: Action; call: Call }]>(messages.bracketCommitted);
export const disarm = defineSignal<[string?]>(messages.disarm);
export const yielded = defineSignal(messages.yielded);
export const guardAnswered = defineSignal<[number]>(messages.guardAnswered);
export const guardTakesOver = defineSignal(messages.guardTakesOver);

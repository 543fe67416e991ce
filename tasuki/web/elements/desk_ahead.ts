// The lead that follows at the call desk, loaded while one talks with the one before.
import { asked, part } from "./desk_parts";

export interface Ahead {
  lead: string;
  page?: Document;
}

export function nextIn(queue: Element): string {
  return part(queue, "desk-queue")?.dataset.next ?? "";
}

export function addressOf(desk: HTMLElement, lead: string): string {
  return desk.dataset.desk!.replace(/\d+$/, lead);
}

export async function loaded(desk: HTMLElement, lead: string): Promise<Document | undefined> {
  const answer = await asked(addressOf(desk, lead));
  return answer?.response.ok ? answer.page : undefined;
}

export function lookAhead(desk: HTMLElement): Ahead {
  const ahead: Ahead = { lead: nextIn(desk) };
  if (ahead.lead) void loaded(desk, ahead.lead).then((page) => (ahead.page = page));
  return ahead;
}

import type { LinkOwner, UpstreamLink } from '../upstream-link.ts';

/** Connections to other endpoints that one client keeps for later; beyond it the oldest is closed. Most services have fewer endpoints. */
const MAX_PARKED = 64;

/** A client's connections to the endpoints that its requests do not go to at the moment, one for each. */
export class ParkedLinks {
  readonly #byAddress = new Map<string, ParkedLink>();

  park(link: UpstreamLink): void {
    this.#drop(this.#byAddress.get(link.address));
    const parked = new ParkedLink(link, () => {
      if (this.#byAddress.get(link.address) === parked) this.#byAddress.delete(link.address);
    });
    this.#byAddress.set(link.address, parked);
    if (this.#byAddress.size > MAX_PARKED) this.#drop(this.#byAddress.values().next().value);
  }

  /** The connection to this endpoint, given to an owner; undefined when there is none any more. */
  take(address: string, owner: LinkOwner): UpstreamLink | undefined {
    const link = this.#byAddress.get(address)?.link;
    this.#byAddress.delete(address);
    link?.handTo(owner);
    return link;
  }

  dispose(): void {
    for (const { link } of this.#byAddress.values()) link.destroy();
    this.#byAddress.clear();
  }

  #drop(parked: ParkedLink | undefined): void {
    if (parked === undefined) return;
    this.#byAddress.delete(parked.link.address);
    parked.link.destroy();
  }
}

/** A connection that nobody expects anything of: whatever comes, it is of no use any more. */
class ParkedLink implements LinkOwner {
  readonly link: UpstreamLink;
  readonly #onLost: () => void;

  constructor(link: UpstreamLink, onLost: () => void) {
    this.link = link;
    this.#onLost = onLost;
    link.handTo(this);
  }

  onLinkData(): boolean {
    this.#lose();
    return true;
  }

  onLinkEnd(): void {
    this.#lose();
  }

  onLinkDrain(): void {
    // Nothing is written.
  }

  onLinkLost(): void {
    this.#onLost();
  }

  #lose(): void {
    this.link.destroy();
    this.#onLost();
  }
}

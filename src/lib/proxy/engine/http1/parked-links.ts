import type { Destination } from '../../protection.ts';
import type { LinkOwner, UpstreamLink } from '../upstream-link.ts';

/** Connections to other endpoints that one client keeps for later; beyond it the oldest is closed. Most services have fewer endpoints. */
const MAX_PARKED = 64;

/** A client's connections to the endpoints that its requests do not go to at the moment, one for each. */
export class ParkedLinks {
  readonly #places = new Map<Destination, ParkingPlace>();

  /** One whose endpoint is not known is closed: nobody would ask for it. */
  park(link: UpstreamLink): void {
    const { destination } = link;
    if (destination === undefined) {
      link.destroy();
      return;
    }
    let place = this.#places.get(destination);
    if (place === undefined) {
      place = new ParkingPlace();
      this.#places.set(destination, place);
      if (this.#places.size > MAX_PARKED) this.#forgetOldest();
    }
    place.park(link);
  }

  /** The connection to this endpoint, given to an owner; undefined when there is none any more. */
  take(destination: Destination, owner: LinkOwner): UpstreamLink | undefined {
    return this.#places.get(destination)?.take(owner);
  }

  dispose(): void {
    for (const place of this.#places.values()) place.dispose();
    this.#places.clear();
  }

  #forgetOldest(): void {
    for (const [destination, place] of this.#places) {
      place.dispose();
      this.#places.delete(destination);
      return;
    }
  }
}

/** Where the connection to one endpoint waits. Nobody expects anything of it: whatever comes, it is of no use any more. */
class ParkingPlace implements LinkOwner {
  #link: UpstreamLink | undefined;

  park(link: UpstreamLink): void {
    this.#link?.destroy();
    this.#link = link;
    link.handTo(this);
  }

  take(owner: LinkOwner): UpstreamLink | undefined {
    const link = this.#link;
    this.#link = undefined;
    link?.handTo(owner);
    return link;
  }

  dispose(): void {
    this.#link?.destroy();
    this.#link = undefined;
  }

  onLinkData(): boolean {
    this.dispose();
    return true;
  }

  onLinkEnd(): void {
    this.dispose();
  }

  onLinkDrain(): void {
    // Nothing is written.
  }

  onLinkLost(): void {
    this.#link = undefined;
  }
}

/** What is to change of a request, and of its answer; at least one of them. */
interface EditParts<Request, Response> {
  readonly request?: Request | undefined;
  readonly response?: Response | undefined;
}

/** The mistake of asking for no change at all. */
export function refineParts(
  parts: EditParts<object, object>,
): { readonly path: readonly string[]; readonly message: string } | undefined {
  const { request, response } = parts;
  if (request === undefined && response === undefined) {
    return { path: ['request'], message: 'say what of `request` or `response` is to change' };
  }
  const empty = Object.entries({ request, response }).find(([, part]) => part !== undefined && isEmpty(part));
  return empty === undefined ? undefined : { path: [empty[0]], message: 'say what of it is to change' };
}

/** Makes something of each part that is given. */
export function mapParts<Request, Response, Result>(
  { request, response }: EditParts<Request, Response>,
  ofRequest: (request: Request) => Result,
  ofResponse: (response: Response) => Result,
): { readonly request?: Result; readonly response?: Result } {
  return {
    ...(request === undefined ? {} : { request: ofRequest(request) }),
    ...(response === undefined ? {} : { response: ofResponse(response) }),
  };
}

/** Without what is not given. */
export function givenOf<Part extends object>(part: Part): { [Key in keyof Part]: Exclude<Part[Key], undefined> } {
  const given = Object.entries(part).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Key in keyof Part]: Exclude<Part[Key], undefined> };
}

function isEmpty(part: object): boolean {
  return Object.values(part).every((value) => value === undefined);
}

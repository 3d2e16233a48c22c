import { ApiError } from '../http/api-error.ts';

export const notFound = {
  proxy: (): ApiError => new ApiError(404, 'proxy not found'),
  toxic: (): ApiError => new ApiError(404, 'toxic not found'),
};

export const alreadyExists = {
  proxy: (): ApiError => new ApiError(409, 'proxy already exists'),
  toxic: (): ApiError => new ApiError(409, 'toxic already exists'),
};

export function missingField(field: string): ApiError {
  return new ApiError(400, `missing required field: ${field}`);
}

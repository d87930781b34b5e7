/** A spec, or those of its tests whose name holds `tests`, and why it is left out. */
export interface LeftOut {
  readonly spec: string;
  readonly tests?: string;
  readonly why: string;
}

export function leftOut(environment: { readonly PROFILE?: string | undefined }): readonly LeftOut[];

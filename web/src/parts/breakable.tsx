/** Long names in narrow places. */
import { Fragment, type ReactNode } from 'react';

/** Names like `card_payment_fee` may go on in the next line after an underscore, rather than anywhere. */
export function breakable(name: string): ReactNode {
  return name.split(/(?<=[_/.])/).map((part, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a name never move
    <Fragment key={i}>
      {i > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

/** Small made-up texts with a known label, for tests that need a project and no real data. */
import { seededRandom } from '../../src/core/random.ts';

const TOPICS: Readonly<Record<string, readonly string[]>> = {
  spam: ['win', 'prize', 'free', 'money', 'offer', 'click', 'cheap', 'guaranteed', 'cash', 'winner'],
  ham: ['meeting', 'lunch', 'report', 'tomorrow', 'thanks', 'project', 'review', 'family', 'train', 'notes'],
};
const FILLER = ['the', 'a', 'and', 'please', 'now', 'we', 'you', 'it', 'with', 'for', 'about', 'again'];

export interface LabeledText {
  readonly text: string;
  readonly label: string;
}

/** The same texts for the same seed; every text is different. */
export function makeTexts(count: number, seed = 1): LabeledText[] {
  const random = seededRandom('texts', seed);
  const labels = Object.keys(TOPICS);
  return Array.from({ length: count }, (_, i) => {
    const label = labels[random.int(labels.length)]!;
    const words = Array.from({ length: 12 }, () => {
      const from = random.next() < 0.35 ? TOPICS[label]! : FILLER;
      return from[random.int(from.length)]!;
    });
    return { text: `${words.join(' ')} ${i}`, label };
  });
}

export const TEXT_CONFIG = `<View>
  <Text name="text" value="$text"/>
  <Choices name="label" toName="text" choice="single">
    <Choice value="spam"/>
    <Choice value="ham"/>
  </Choices>
</View>`;

/** An upload body of one piece. */
export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** Templates for texts, dialogues and comparisons of texts. */
import type { Template } from './template.ts';

export const TEXT_TEMPLATES: readonly Template[] = [
  {
    name: 'text-classes',
    title: 'Text classification: one class per text',
    group: 'text',
    config: `<View>
  <Text name="text" value="$text"/>
  <Choices name="label" toName="text" choice="single" required="true">
    <Choice value="Positive" hotkey="1"/>
    <Choice value="Neutral" hotkey="2"/>
    <Choice value="Negative" hotkey="3"/>
  </Choices>
</View>
`,
    sample: { text: 'The tent kept us dry through two nights of rain.' },
  },
  {
    name: 'text-multilabel',
    title: 'Multi-label text classification: any number of topics per text',
    group: 'text',
    config: `<View>
  <Text name="text" value="$text"/>
  <Choices name="topics" toName="text" choice="multiple">
    <Choice value="Delivery" hotkey="1"/>
    <Choice value="Price" hotkey="2"/>
    <Choice value="Quality" hotkey="3"/>
    <Choice value="Service" hotkey="4"/>
  </Choices>
</View>
`,
    sample: { text: 'Arrived a week late, but the shop answered at once and paid the postage back.' },
  },
  {
    name: 'taxonomy',
    title: 'Text classification by a tree of classes',
    group: 'text',
    config: `<View>
  <Text name="text" value="$text"/>
  <Taxonomy name="subject" toName="text" leafsOnly="true">
    <Choice value="Account">
      <Choice value="Login"/>
      <Choice value="Closing"/>
    </Choice>
    <Choice value="Payment">
      <Choice value="Card"/>
      <Choice value="Transfer"/>
    </Choice>
  </Taxonomy>
</View>
`,
    sample: { text: 'My card was swallowed by the machine at the station.' },
  },
  {
    name: 'ner',
    title: 'Named entities: spans in a text',
    group: 'text',
    config: `<View>
  <Labels name="entities" toName="text">
    <Label value="Person" background="#c2410c" hotkey="1"/>
    <Label value="Organisation" background="#1d4ed8" hotkey="2"/>
    <Label value="Place" background="#15803d" hotkey="3"/>
    <Label value="Date" background="#7e22ce" hotkey="4"/>
  </Labels>
  <Text name="text" value="$text"/>
</View>
`,
    sample: { text: 'Grace Hopper joined the Eckert-Mauchly Computer Corporation in Philadelphia in 1949.' },
  },
  {
    name: 'relations',
    title: 'Relations between entities of a text',
    group: 'text',
    config: `<View>
  <Relations>
    <Relation value="works for"/>
    <Relation value="located in"/>
  </Relations>
  <Labels name="entities" toName="text">
    <Label value="Person" background="#c2410c" hotkey="1"/>
    <Label value="Organisation" background="#1d4ed8" hotkey="2"/>
    <Label value="Place" background="#15803d" hotkey="3"/>
  </Labels>
  <Text name="text" value="$text"/>
</View>
`,
    sample: { text: 'Grace Hopper joined the Eckert-Mauchly Computer Corporation in Philadelphia.' },
  },
  {
    name: 'question-answer',
    title: 'Question answering: mark the answer, or say that there is none',
    group: 'text',
    config: `<View>
  <Header value="$question"/>
  <Labels name="answer" toName="text">
    <Label value="Answer" background="#15803d" hotkey="1"/>
  </Labels>
  <Text name="text" value="$text"/>
  <Choices name="answerable" toName="text" choice="single">
    <Choice value="Answered" hotkey="2"/>
    <Choice value="No answer in the text" alias="none" hotkey="3"/>
  </Choices>
</View>
`,
    sample: {
      question: 'When was the bridge opened?',
      text: 'Work began in 1886. The bridge was opened eight years later.',
    },
  },
  {
    name: 'dialogue',
    title: 'Dialogue: intents of utterances and a reply',
    group: 'dialogue',
    config: `<View>
  <ParagraphLabels name="intent" toName="dialogue">
    <Label value="Question" background="#1d4ed8" hotkey="1"/>
    <Label value="Complaint" background="#c2410c" hotkey="2"/>
    <Label value="Thanks" background="#15803d" hotkey="3"/>
  </ParagraphLabels>
  <Paragraphs name="dialogue" value="$dialogue" layout="dialogue" nameKey="author" textKey="text"/>
  <TextArea name="reply" toName="dialogue" rows="3" maxSubmissions="1" placeholder="What would you answer?"/>
</View>
`,
    sample: {
      dialogue: [
        { author: 'Customer', text: 'Where is my parcel?' },
        { author: 'Shop', text: 'It left us on Monday.' },
        { author: 'Customer', text: 'That is what you said last week.' },
      ],
    },
  },
  {
    name: 'pairwise',
    title: 'Pairwise comparison: which of two texts is better',
    group: 'comparison',
    config: `<View>
  <Header value="$question"/>
  <Pairwise name="better" toName="left,right"/>
  <Text name="left" value="$left"/>
  <Text name="right" value="$right"/>
</View>
`,
    sample: {
      question: 'Which summary says more with fewer words?',
      left: 'The council will meet again in May.',
      right: 'After a long debate, no decision was made, and there will be another meeting in May.',
    },
  },
  {
    name: 'rating',
    title: 'Rating: stars and a remark for a text',
    group: 'comparison',
    config: `<View>
  <Text name="text" value="$text"/>
  <Rating name="stars" toName="text" maxRating="5" required="true"/>
  <TextArea name="remark" toName="text" rows="2" maxSubmissions="1"/>
</View>
`,
    sample: { text: 'Translation: The early bird catches the worm, the second mouse gets the cheese.' },
  },
  {
    name: 'ranking',
    title: 'Ranking: put answers in order',
    group: 'comparison',
    config: `<View>
  <Text name="question" value="$question"/>
  <List name="answers" value="$answers" title="Answers"/>
  <Ranker name="order" toName="answers">
    <Bucket name="good" title="Good, best first"/>
    <Bucket name="wrong" title="Wrong"/>
  </Ranker>
</View>
`,
    sample: {
      question: 'Why is the sky blue?',
      answers: [
        { id: 'a', title: 'A', body: 'Air scatters short waves more than long ones.' },
        { id: 'b', title: 'B', body: 'It mirrors the sea.' },
      ],
    },
  },
];

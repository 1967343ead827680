/** Templates for images, sounds, videos and time series. Sample media are paths to replace by your own. */
import type { Template } from './template.ts';

const IMAGE = { image: '/data/upload/1/photo.jpg' };

export const MEDIA_TEMPLATES: readonly Template[] = [
  {
    name: 'image-classes',
    title: 'Image classification: one class per image',
    group: 'image',
    config: `<View>
  <Image name="image" value="$image"/>
  <Choices name="label" toName="image" choice="single" required="true">
    <Choice value="Cat" hotkey="1"/>
    <Choice value="Dog" hotkey="2"/>
    <Choice value="Neither" hotkey="3"/>
  </Choices>
</View>
`,
    sample: IMAGE,
  },
  {
    name: 'boxes',
    title: 'Object detection: boxes',
    group: 'image',
    config: `<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="boxes" toName="image">
    <Label value="Person" background="#c2410c" hotkey="1" predicted_values="person"/>
    <Label value="Vehicle" background="#1d4ed8" hotkey="2" predicted_values="car, truck, bus"/>
  </RectangleLabels>
</View>
`,
    sample: IMAGE,
  },
  {
    name: 'polygons',
    title: 'Segmentation by polygons',
    group: 'image',
    config: `<View>
  <Image name="image" value="$image" zoom="true"/>
  <PolygonLabels name="polygons" toName="image">
    <Label value="Roof" background="#c2410c" hotkey="1"/>
    <Label value="Garden" background="#15803d" hotkey="2"/>
  </PolygonLabels>
</View>
`,
    sample: IMAGE,
  },
  {
    name: 'key-points',
    title: 'Key points of a figure inside its box',
    group: 'image',
    config: `<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="figures" toName="image">
    <Label value="Face" background="#1d4ed8" hotkey="1"/>
  </RectangleLabels>
  <KeyPointLabels name="points" toName="image">
    <Label value="Left eye" background="#c2410c" hotkey="2"/>
    <Label value="Right eye" background="#15803d" hotkey="3"/>
    <Label value="Nose" background="#7e22ce" hotkey="4"/>
  </KeyPointLabels>
</View>
`,
    sample: IMAGE,
  },
  {
    name: 'masks',
    title: 'Segmentation by brush, with clicks that ask a model',
    group: 'image',
    config: `<View>
  <Image name="image" value="$image" zoom="true"/>
  <BrushLabels name="masks" toName="image">
    <Label value="Tumour" background="#c2410c" hotkey="1"/>
    <Label value="Vessel" background="#1d4ed8" hotkey="2"/>
  </BrushLabels>
  <KeyPointLabels name="clicks" toName="image" smart="true">
    <Label value="Tumour" background="#c2410c"/>
    <Label value="Vessel" background="#1d4ed8"/>
  </KeyPointLabels>
</View>
`,
    sample: IMAGE,
  },
  {
    name: 'document-ocr',
    title: 'Documents: boxes with their text, page by page',
    group: 'image',
    config: `<View>
  <Image name="page" valueList="$pages" zoom="true"/>
  <RectangleLabels name="fields" toName="page">
    <Label value="Heading" background="#c2410c" hotkey="1"/>
    <Label value="Paragraph" background="#1d4ed8" hotkey="2"/>
    <Label value="Amount" background="#15803d" hotkey="3"/>
  </RectangleLabels>
  <TextArea name="transcription" toName="page" perRegion="true" required="true" maxSubmissions="1" editable="true" displayMode="region-list"/>
</View>
`,
    sample: { pages: ['/data/upload/1/page-1.png', '/data/upload/1/page-2.png'] },
  },
  {
    name: 'audio-segments',
    title: 'Audio: label stretches of a recording',
    group: 'audio',
    config: `<View>
  <Labels name="segments" toName="audio" choice="multiple">
    <Label value="Speech" background="#1d4ed8" hotkey="1"/>
    <Label value="Music" background="#15803d" hotkey="2"/>
    <Label value="Noise" background="#c2410c" hotkey="3"/>
  </Labels>
  <Audio name="audio" value="$audio" zoom="true"/>
</View>
`,
    sample: { audio: '/data/upload/1/talk.wav' },
  },
  {
    name: 'transcription',
    title: 'Audio: write down what is said',
    group: 'audio',
    config: `<View>
  <Audio name="audio" value="$audio" zoom="true"/>
  <TextArea name="transcript" toName="audio" transcription="true" rows="3" maxSubmissions="1" required="true"/>
</View>
`,
    sample: { audio: '/data/upload/1/talk.wav' },
  },
  {
    name: 'video-boxes',
    title: 'Video: boxes that follow objects',
    group: 'video',
    config: `<View>
  <Video name="video" value="$video" frameRate="25"/>
  <VideoRectangle name="box" toName="video"/>
  <Labels name="objects" toName="video">
    <Label value="Cyclist" background="#c2410c" hotkey="1"/>
    <Label value="Car" background="#1d4ed8" hotkey="2"/>
  </Labels>
</View>
`,
    sample: { video: '/data/upload/1/crossing.mp4' },
  },
  {
    name: 'time-series',
    title: 'Time series: label stretches of measured values',
    group: 'time series',
    config: `<View>
  <TimeSeriesLabels name="activity" toName="series">
    <Label value="Walking" background="#15803d" hotkey="1"/>
    <Label value="Running" background="#c2410c" hotkey="2"/>
  </TimeSeriesLabels>
  <TimeSeries name="series" value="$series" valueType="json" timeColumn="time">
    <Channel column="speed" legend="Speed" units="m/s" displayFormat=".1f"/>
  </TimeSeries>
</View>
`,
    sample: { series: { time: [0, 1, 2, 3, 4, 5], speed: [1.2, 1.3, 1.2, 3.1, 3.3, 3.2] } },
  },
];

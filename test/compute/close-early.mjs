/** Ends threads at another moment of their start in every round: before, while and after they load their modules. */
const { openThreads } = await import(process.argv[2]);
const alive = setInterval(() => {}, 1_000);
for (let round = 0; round < 40; round++) {
  const threads = openThreads({ learnerThreads: 1, workThreads: 1 });
  const asked = threads.fitSuggestion({}).catch(() => 'refused');
  await new Promise((resolve) => setTimeout(resolve, 30 + round * 3));
  await threads.close();
  await asked;
}
clearInterval(alive);
console.log('ended in peace');

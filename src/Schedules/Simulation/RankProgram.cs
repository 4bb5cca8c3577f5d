namespace BoxerMpi.Schedules;

/// <summary>One rank's schedule as far as time is concerned: who, how many bytes, how long between rounds.</summary>
/// <remarks>
/// A twentieth of the schedule's memory where blocks are packed one by one, so that thousands of ranks fit. The schedule itself is kept
/// only for an observer.
/// </remarks>
internal sealed class RankProgram
{
    private readonly int[] _peers;
    private readonly long[] _bytes;
    private readonly int[] _firstPost;
    private readonly int[] _receives;
    private readonly double[] _localSeconds;

    public RankProgram(Schedule schedule, LinkModel model, bool keepSchedule)
    {
        Schedule = keepSchedule ? schedule : null;
        int rounds = schedule.Rounds.Length;
        _peers = new int[schedule.MessagesSent + schedule.MessagesReceived];
        _bytes = new long[_peers.Length];
        _firstPost = new int[rounds + 1];
        _receives = new int[rounds];
        _localSeconds = new double[rounds];
        int post = 0;
        for (int i = 0; i < rounds; i++)
        {
            Round round = schedule.Rounds[i];
            _firstPost[i] = post;
            _receives[i] = round.Receives;
            foreach (ref readonly Step step in schedule.Steps.Slice(round.First, round.Posts))
            {
                _peers[post] = step.Peer;
                _bytes[post++] = step.Kind == StepKind.Receive ? step.Target.Length : step.Source.Length;
            }

            foreach (ref readonly Step step in schedule.Locals(round))
                _localSeconds[i] += LocalSeconds(step, model);
        }

        _firstPost[rounds] = post;
    }

    public Schedule? Schedule { get; }

    public int Rounds => _receives.Length;

    /// <summary>Where the messages of a round begin: its receives, then its sends.</summary>
    public int FirstPost(int round) => _firstPost[round];

    public int FirstSend(int round) => _firstPost[round] + _receives[round];

    public int EndPost(int round) => _firstPost[round + 1];

    public int Peer(int post) => _peers[post];

    public long Bytes(int post) => _bytes[post];

    /// <summary>How long the copies and folds behind a round's messages take.</summary>
    public double LocalsOf(int round) => _localSeconds[round];

    /// <summary>How long a copy or fold takes.</summary>
    public static double LocalSeconds(in Step step, LinkModel model) => step.Kind == StepKind.Reduce
        ? model.StepSeconds + model.ReduceByteSeconds * step.Source.Length
        : model.StepSeconds + model.CopyByteSeconds * step.Source.Length * step.Count;
}

using BoxerMpi.Schedules;


namespace BoxerMpi.Bench.Selection;

/// <summary>Finds the terms of a model with which choices are best and predictions nearest to what was measured.</summary>
internal static class Fit
{
    private const int Rounds = 4;

    // What a wrong choice costs counts most; times are only to be near.
    private const double TimeWeight = 0.05;

    private static readonly Func<LinkModel, double, LinkModel>[] Terms =
    [
        (model, factor) => model with { LatencySeconds = model.LatencySeconds * factor },
        (model, factor) => model with { ProcessorMessageSeconds = model.ProcessorMessageSeconds * factor },
        (model, factor) => model with { ProcessorByteSeconds = model.ProcessorByteSeconds * factor },
        (model, factor) => model with { SwitchSeconds = model.SwitchSeconds * factor },
        (model, factor) => model with { ReduceByteSeconds = model.ReduceByteSeconds * factor },
        (model, factor) => model with { CopyByteSeconds = model.CopyByteSeconds * factor },
        (model, factor) => model with { StepSeconds = model.StepSeconds * factor },
    ];

    /// <summary>One term after the other, up and down by a step that shrinks.</summary>
    public static LinkModel Improve(IReadOnlyList<IReadOnlyList<Point>> calls, LinkModel start)
    {
        LinkModel best = start;
        double least = Loss(calls, best);
        double step = 2;
        for (int round = 0; round < Rounds; round++, step = Math.Sqrt(step))
        {
            foreach (Func<LinkModel, double, LinkModel> term in Terms)
            {
                foreach (double factor in new[] { step, 1 / step })
                {
                    for (LinkModel candidate = term(best, factor); ; candidate = term(best, factor))
                    {
                        double loss = Loss(calls, candidate);
                        if (loss >= least)
                            break;
                        (best, least) = (candidate, loss);
                    }
                }
            }

            Console.Error.WriteLine($"round {round + 1}: loss {least:0.0000}");
        }

        return best;
    }

    /// <summary>The mean logarithm of what choices lose, and of how far predictions are off.</summary>
    private static double Loss(IReadOnlyList<IReadOnlyList<Point>> calls, LinkModel model)
    {
        double[] losses = new double[calls.Count];
        Parallel.For(0, calls.Count, i =>
        {
            CollectiveExplanation explanation = Report.Explain(calls[i], model);
            if (calls[i].FirstOrDefault(point => point.Algorithms.Contains(explanation.Chosen)) is not { } chosen)
                return;
            double off = 0;
            foreach (CollectiveCandidate candidate in explanation.Candidates)
            {
                Point? point = calls[i].FirstOrDefault(point => point.Algorithms[0] == candidate.Algorithm);
                if (candidate.PredictedSeconds is { } seconds && point is not null)
                    off += Math.Pow(Math.Log(seconds * 1e6 / point.Microseconds), 2);
            }

            losses[i] = Math.Log(chosen.Microseconds / calls[i].Min(point => point.Microseconds)) + TimeWeight * off / calls[i].Count;
        });
        return losses.Average();
    }
}

using System.Globalization;
using System.Text;

namespace BoxerMpi;

/// <summary>An algorithm that could serve a collective call, and what the model says of it.</summary>
public sealed record CollectiveCandidate
{
    /// <summary>The name, as in options and environment.</summary>
    public required string Algorithm { get; init; }

    /// <summary>Whether the call uses it.</summary>
    public bool IsChosen { get; init; }

    /// <summary>
    /// Seconds until the last rank is done, by the model; null where the algorithm cannot serve the call, or for neighbourhoods.
    /// </summary>
    public double? PredictedSeconds { get; init; }

    /// <summary>Why the algorithm cannot serve the call, such as the links that it lacks; null where it can.</summary>
    public string? Refusal { get; init; }

    /// <summary>Rounds with messages of the rank that has most.</summary>
    public int Rounds { get; init; }

    /// <summary>Messages that the busiest rank sends.</summary>
    public int Messages { get; init; }

    /// <summary>Bytes that the busiest rank sends.</summary>
    public long SentBytes { get; init; }

    /// <summary>Bytes that the busiest rank folds.</summary>
    public long ReducedBytes { get; init; }

    /// <summary>Bytes that the busiest rank copies within its memory.</summary>
    public long CopiedBytes { get; init; }
}

/// <summary>Which algorithm a collective call uses, and why. <see cref="ToString"/> gives a table.</summary>
public sealed record CollectiveExplanation
{
    /// <summary>The collective.</summary>
    public required string Collective { get; init; }

    /// <summary>The size of the communicator.</summary>
    public required int Ranks { get; init; }

    /// <summary>The length of the call: the vector of broadcasts and reductions, the block of the others.</summary>
    public required long Bytes { get; init; }

    /// <summary>The length that the prediction is for: that of the call's size class.</summary>
    public required long ModelBytes { get; init; }

    /// <summary>The links, as <see cref="BoxerMpi.Topology.Spec"/>.</summary>
    public required string Topology { get; init; }

    /// <summary>The name of the link model.</summary>
    public required string Model { get; init; }

    /// <summary>How many ranks share a core.</summary>
    public required double RanksPerCore { get; init; }

    /// <summary>All algorithms of the collective.</summary>
    public required IReadOnlyList<CollectiveCandidate> Candidates { get; init; }

    /// <summary>The algorithm that the call uses.</summary>
    public required string Chosen { get; init; }

    /// <summary>Why it is this one.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        StringBuilder text = new();
        string shared = RanksPerCore > 1 ? string.Create(CultureInfo.InvariantCulture, $", {RanksPerCore:0.##} ranks a core") : "";
        string stands = ModelBytes == Bytes ? "" : string.Create(CultureInfo.InvariantCulture, $" (as {ModelBytes:N0})");
        text.Append(
            CultureInfo.InvariantCulture,
            $"{Collective} of {Bytes:N0} bytes{stands} among {Ranks} ranks, {Topology}, model {Model}{shared}\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"  {"algorithm",-20}{"predicted",12}{"rounds",8}{"messages",10}{"bytes sent",14}{"folded",12}{"copied",12}\n");
        foreach (CollectiveCandidate candidate in Candidates.OrderBy(candidate => candidate.PredictedSeconds ?? double.PositiveInfinity))
        {
            string mark = candidate.IsChosen ? "*" : " ";
            if (candidate.PredictedSeconds is { } seconds)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{mark} {candidate.Algorithm,-20}{Time(seconds),12}{candidate.Rounds,8}" +
                    $"{candidate.Messages,10:N0}{candidate.SentBytes,14:N0}" +
                    $"{candidate.ReducedBytes,12:N0}{candidate.CopiedBytes,12:N0}\n");
            }
            else
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{mark} {candidate.Algorithm,-20}{"—",12}  {candidate.Refusal ?? "depends on the neighbourhood"}\n");
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"chosen: {Chosen}, {Reason}");
        return text.ToString();
    }

    private static string Time(double seconds) => seconds switch
    {
        < 1e-3 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.0} µs"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.00} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s"),
    };
}

using System.Globalization;

namespace BoxerMpi.Launcher.Processes;

/// <summary>Who gets the launcher's standard input: one rank (rank 0 unless said otherwise), all, or none.</summary>
internal readonly record struct StandardInput(bool All, int? Rank)
{
    public static StandardInput None => new(false, null);

    /// <summary>Reads <c>--stdin</c>: a rank, <c>none</c> or <c>all</c>.</summary>
    public static StandardInput Parse(string text, int size) => text switch
    {
        "none" => None,
        "all" => new StandardInput(true, null),
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int rank) => rank < size
            ? new StandardInput(false, rank)
            : throw new UsageException(
                $"--stdin {rank}: there is no such rank among {size}", $"ranks are 0 to {size - 1}; or say none or all"),
        _ => throw new UsageException($"--stdin '{text}' is not a rank", "give a rank, none or all"),
    };
}

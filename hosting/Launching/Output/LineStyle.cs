using System.Globalization;
using System.Text;

namespace BoxerMpi.Launching.Output;

/// <summary>What stands before every line of a rank.</summary>
internal sealed record LineStyle(bool Tag, bool Timestamp)
{
    // Eight hues that read on dark and light backgrounds, so that neighbouring ranks differ.
    private static readonly int[] Hues = [36, 32, 33, 35, 34, 96, 92, 95];

    /// <summary>Bytes pass through as they come: no lines, no tags, no times.</summary>
    public bool IsRaw { get; init; }

    /// <summary><c>[rank] </c>, coloured on a terminal; empty without tags.</summary>
    public byte[] TagOf(int rank, bool colour)
    {
        if (!Tag || IsRaw)
            return [];

        string tag = string.Create(CultureInfo.InvariantCulture, $"[{rank}]");
        if (colour)
            tag = string.Create(CultureInfo.InvariantCulture, $"\e[{Hues[rank % Hues.Length]}m{tag}\e[0m");
        return Encoding.ASCII.GetBytes(tag + " ");
    }

    /// <summary>Whether lines on this descriptor may carry escape codes.</summary>
    public static bool WantsColour(bool terminal) =>
        terminal
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
}

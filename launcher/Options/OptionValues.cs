using System.Globalization;
using System.Net;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Hosts;

namespace BoxerMpi.Launcher.Options;

/// <summary>Reads values of options; what is wrong becomes a <see cref="UsageException"/> that says what would be right.</summary>
internal static class OptionValues
{
    // One machine runs out of processes long before; it catches a slip of the finger.
    private const int MostRanks = 16384;

    public static int Ranks(string? text, string option = "-n")
    {
        if (text is null)
            throw new UsageException($"{option} is missing: how many ranks?", $"give a whole number of at least 1, as in {option} 4");
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int ranks))
            throw new UsageException($"{option} '{text}' is not a number of ranks", $"give a whole number of at least 1, as in {option} 4");
        if (ranks < 1)
            throw new UsageException(
                $"{option} {text}: a job has at least one rank", $"give a whole number of at least 1, as in {option} 4");
        return ranks <= MostRanks
            ? ranks
            : throw new UsageException($"{option} {text} is too many", $"one machine runs up to {MostRanks} ranks");
    }

    /// <summary>A whole number of at least 1, when the option is given.</summary>
    public static int? Count(string option, string? text)
    {
        if (text is null)
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
            ? count
            : throw new UsageException($"{option} '{text}' is not a number of at least 1", $"give a whole number, as in {option} 100");
    }

    /// <summary>A whole number within bounds, when the option is given.</summary>
    public static int? Number(string option, string? text, int least, int most)
    {
        if (text is null)
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new UsageException(
                $"{option} '{text}' is not a number from {least} to {most}", $"as in {option} {Math.Clamp(8, least, most)}");
    }

    public static TimeSpan? Seconds(string option, string? text, bool zeroAllowed = false)
    {
        if (text is null)
            return null;
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out double seconds)
            || seconds < 0
            || (seconds == 0 && !zeroAllowed)
            || seconds > 1e7)
        {
            throw new UsageException(
                $"{option} '{text}' is not a time", $"give seconds {(zeroAllowed ? "of at least 0" : "above 0")}, as in {option} 30");
        }

        return TimeSpan.FromSeconds(seconds);
    }

    public static Topology Links(string? text, int size)
    {
        try
        {
            return text is null ? Topology.Default(size) : Topology.Parse(text, size);
        }
        catch (Exception wrong) when (wrong is FormatException or ArgumentException)
        {
            throw new UsageException(
                $"--topology {text} does not fit {size} ranks: {FirstLine(wrong)}", "see boxer run --help for the shapes");
        }
    }

    public static OffTopologyPolicy OffTopology(string? text) => text switch
    {
        null or "connect" => OffTopologyPolicy.Connect,
        "relay" => OffTopologyPolicy.Relay,
        "refuse" => OffTopologyPolicy.Refuse,
        _ => throw new UsageException($"--off-topology '{text}' is not a policy", "it is connect, relay or refuse"),
    };

    /// <summary>An address to listen on: an address of this host, or a name that has one; port 0 is any free port.</summary>
    public static IPEndPoint Listen(string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? "" : text[..colon].Trim('[', ']');
        if (colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            if (IPAddress.TryParse(host, out IPAddress? address))
                return new IPEndPoint(address, port);
            if (host == "localhost")
                return new IPEndPoint(IPAddress.Loopback, port);
        }

        throw new UsageException($"--listen '{text}' is not an address", "write ADDRESS:PORT, as in 0.0.0.0:4000; port 0 takes a free one");
    }

    public static KeyValuePair<string, string> Variable(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals];
        if (name.Length == 0 || name.Contains(' ', StringComparison.Ordinal))
            throw new UsageException($"-x '{text}' names no variable", "write -x NAME=VALUE");
        if (name.StartsWith("BOXER_", StringComparison.Ordinal)
            && name is "BOXER_SEED" or "BOXER_JOB" or "BOXER_TOKEN" or "BOXER_RANK" or "BOXER_SIZE")
            throw new UsageException($"-x {name}: boxer itself sets this variable", "choose another name");
        if (equals >= 0)
            return new(name, text[(equals + 1)..]);
        return Processes.OwnProcess.Variable(name) is { } value
            ? new(name, value)
            : throw new UsageException($"-x {name}: it is not set here, so it has no value to pass on", $"write -x {name}=VALUE");
    }

    /// <summary>Reads <c>--stdin</c>: a rank, <c>none</c> or <c>all</c>.</summary>
    public static StandardInput Input(string text, int size) => text switch
    {
        "none" => StandardInput.None,
        "all" => new StandardInput(true, null),
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int rank) => rank < size
            ? new StandardInput(false, rank)
            : throw new UsageException(
                $"--stdin {rank}: there is no such rank among {size}", $"ranks are 0 to {size - 1}; or say none or all"),
        _ => throw new UsageException($"--stdin '{text}' is not a rank", "give a rank, none or all"),
    };

    public static string? Folder(string option, string? path) =>
        path is null || Processes.SystemFiles.FolderExists(path)
            ? path is null ? null : Processes.SystemFiles.FullPath(path)
            : throw new UsageException($"{option} {path}: there is no such folder", "make it first, or check the path");

    /// <summary>Checks before the job runs that its report can be written after it.</summary>
    public static string? WritableFile(string option, string? path)
    {
        if (path is null)
            return null;

        try
        {
            using FileStream file = new(path, FileMode.Append, FileAccess.Write);
            return Path.GetFullPath(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"{option} {path}: cannot write there ({failure.Message})", "name a file that you may write to");
        }
    }

    // ArgumentException adds a line with the parameter's name, which means nothing on a command line.
    private static string FirstLine(Exception wrong)
    {
        string text = wrong.Message;
        int parameter = text.IndexOf(" (Parameter '", StringComparison.Ordinal);
        text = parameter >= 0 ? text[..parameter] : text;
        int end = text.IndexOf('\n', StringComparison.Ordinal);
        return (end >= 0 ? text[..end] : text).TrimEnd('.', '\r');
    }
}

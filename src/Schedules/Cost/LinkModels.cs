namespace BoxerMpi.Schedules;

/// <summary>The built-in models, and how a text names one.</summary>
internal static class LinkModels
{
    /// <summary>Functions on AWS Lambda, as the Boxer paper measured them.</summary>
    /// <remarks>
    /// Round trip of 1 KiB: median 531 µs, of which one way is latency and overhead; 627 Mbit/s a pair (Table 1). The 20 µs of processor a
    /// message, 5 GB/s of memory and 10 ms with 32 at a time to set up links are assumptions, not in the paper; 1,024 descriptors is the
    /// service's limit.
    /// </remarks>
    public static LinkModel Lambda { get; } = new()
    {
        Name = "lambda",
        LatencySeconds = 245.5e-6,
        MessageSeconds = 20e-6,
        ByteSeconds = 8 / 627e6,
        ReduceByteSeconds = 0.25e-9,
        CopyByteSeconds = 0.2e-9,
        LinkSetUpSeconds = 10e-3,
        LinkSetUpParallel = 32,

        // A function has 1,024 descriptors, of which a rank holds about 75 besides its links (as /proc/self/fd shows under CoreCLR).
        MostLinks = 940,
    };

    /// <summary>Ranks of one machine over loopback TCP: processors are all there is, and ranks may share them.</summary>
    /// <remarks>
    /// Fitted to all algorithms of all collectives among 2 to 16 ranks on two cores (bench/selection.sh), and rounded: choices within 1.25 of
    /// the best count most, times little, so that a single term is not what a measurement of it alone would give.
    /// </remarks>
    public static LinkModel Local { get; } = new()
    {
        Name = "local",
        LatencySeconds = 3e-6,
        ProcessorMessageSeconds = 4e-6,
        ProcessorByteSeconds = 0.17e-9,
        SwitchSeconds = 3e-6,
        ReduceByteSeconds = 0.1e-9,
        CopyByteSeconds = 0.05e-9,
        StepSeconds = 20e-9,
        LinkSetUpSeconds = 1e-3,
        LinkSetUpParallel = 32,
    };

    /// <summary>Where <c>boxer calibrate</c> keeps what it measured, and what the name <c>measured</c> means.</summary>
    public static string MeasuredFile => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "boxer", "model.json");

    private static LinkModel[] BuiltIn { get; } = [Lambda, Local];

    /// <summary>The model of a name, of a file that <c>boxer calibrate</c> wrote, or of such a file's text.</summary>
    /// <exception cref="ArgumentException">It is none of these, or the file is wrong; the message has the line.</exception>
    public static LinkModel Read(string text)
    {
        string trimmed = text.Trim();
        if (trimmed.StartsWith('{'))
            return LinkModelText.Parse(trimmed);
        foreach (LinkModel model in BuiltIn)
        {
            if (model.Name.Equals(trimmed, StringComparison.OrdinalIgnoreCase))
                return model;
        }

        if (trimmed.Equals("measured", StringComparison.OrdinalIgnoreCase))
            trimmed = MeasuredFile;

        string json;
        try
        {
            json = File.ReadAllText(trimmed);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ArgumentException(
                $"'{trimmed}' is no model: it is lambda, local, measured, or a file that boxer calibrate wrote ({exception.Message.TrimEnd('.')}).", exception);
        }

        try
        {
            return LinkModelText.Parse(json);
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentException($"{trimmed}, {exception.Message}", exception);
        }
    }
}

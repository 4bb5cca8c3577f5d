using System.CommandLine;
using System.Globalization;
using BoxerMpi.Launching;
using BoxerMpi.NatLab;

namespace BoxerMpi.Launcher.Options;

/// <summary>The options that say what a lab is to be like, of <c>boxer natlab up</c> and <c>boxer run --on natlab</c>.</summary>
internal sealed class LabArguments
{
    private static readonly string[] KindNames = [.. Enum.GetNames<GatewayKind>().Select(name => name.ToLowerInvariant())];

    private readonly Option<string> _nat = new("--nat")
    {
        HelpName = "KIND,…",
        Description = "What hosts are behind: cone, remap, fullcone, symmetric or none; a list is dealt out in turn  [default: cone]",
    };

    private readonly Option<string> _unsolicited = new("--unsolicited")
    {
        HelpName = "drop|rst",
        Description = "What a NAT does with a SYN that belongs to nothing  [default: drop]",
    };

    private readonly Option<string> _window = new("--window")
    {
        HelpName = "liberal|strict",
        Description = "Whether a NAT checks TCP sequence numbers  [default: liberal]",
    };

    private readonly Option<string> _rate = new("--rate") { HelpName = "RATE", Description = "Rate of each host, both ways, as in 621mbit  [default: no limit]" };
    private readonly Option<string> _delay = new("--delay") { HelpName = "MS", Description = "Added round-trip time between public hosts, in milliseconds  [default: 0]" };
    private readonly Option<string> _loss = new("--loss") { HelpName = "PCT", Description = "Share of packets lost between public hosts, in percent  [default: 0]" };
    private readonly Option<string> _behind = new("--behind") { HelpName = "K", Description = "Hosts behind each NAT  [default: 1]" };
    private readonly Option<bool> _hairpin = new("--hairpin") { Description = "A NAT brings calls to its own public address back inside" };
    private readonly Option<string> _prefix;
    private readonly Option[] _all;

    public LabArguments(Command command)
    {
        _prefix = PrefixOption("[default: lab; made up by boxer run]");
        _all = [_nat, _unsolicited, _window, _rate, _delay, _loss, _behind, _hairpin, _prefix];
        foreach (Option option in _all)
            command.Add(option);
    }

    public static Option<string> PrefixOption(string standard) =>
        new("--prefix") { HelpName = "P", Description = $"Name of the lab, before the names of its namespaces  {standard}" };

    public string? Prefix(ParseResult parsed) => CheckedPrefix(parsed.GetValue(_prefix));

    /// <summary>The first of these options that was given, or null.</summary>
    public string? Given(ParseResult parsed) => Array.Find(_all, option => parsed.GetResult(option) is { Implicit: false })?.Name;

    /// <exception cref="UsageException">A value is not understood.</exception>
    public LabOptions Read(ParseResult parsed, int hosts)
    {
        LabOptions options = new()
        {
            Hosts = hosts <= LabOptions.MostHosts
                ? hosts
                : throw new UsageException($"a lab of {hosts} hosts is too large", $"a machine holds up to {LabOptions.MostHosts}"),
            Kinds = Kinds(parsed.GetValue(_nat)),
            Unsolicited = parsed.GetValue(_unsolicited) switch
            {
                null or "drop" => UnsolicitedAnswer.Drop,
                "rst" => UnsolicitedAnswer.Reset,
                string other => throw new UsageException($"--unsolicited '{other}' is not an answer", "it is drop or rst"),
            },
            StrictWindow = parsed.GetValue(_window) switch
            {
                null or "liberal" => false,
                "strict" => true,
                string other => throw new UsageException($"--window '{other}' is not a way to check", "it is liberal or strict"),
            },
            RateBitsPerSecond = Rate(parsed.GetValue(_rate)),
            Delay = TimeSpan.FromMilliseconds(Number("--delay", parsed.GetValue(_delay), 10_000, "milliseconds from 0 to 10000, as in --delay 20")),
            LossPercent = Number("--loss", parsed.GetValue(_loss), 99, "percent from 0 to 99, as in --loss 2"),
            Behind = Behind(parsed.GetValue(_behind)),
            Hairpin = parsed.GetValue(_hairpin),
        };
        if (options.Behind > 1 && options.Kinds.Contains(GatewayKind.None))
            throw new UsageException($"--behind {options.Behind} and --nat none exclude each other: without a NAT nobody is behind it", "leave one of them out");
        if (options.Hairpin && options.Kinds.All(kind => kind == GatewayKind.None))
            throw new UsageException("--hairpin is what a NAT does, and --nat none has none", "leave one of them out");
        return options.NeedsRelay ? options with { RelayProgram = ThisProgram.Relay } : options;
    }

    public static string? CheckedPrefix(string? text) => text is null || LabRecords.IsPrefix(text)
        ? text
        : throw new UsageException($"--prefix '{text}' is not a name for a lab", "take 1 to 24 letters, digits and dashes, as in --prefix lab2");

    private static GatewayKind[] Kinds(string? text) =>
    [
        .. (text ?? "cone").Split(',').Select(name => Array.IndexOf(KindNames, name.Trim()) is >= 0 and int index
            ? (GatewayKind)index
            : throw new UsageException($"--nat '{name}' is not a kind of NAT", $"it is {string.Join(", ", KindNames[..^1])} or {KindNames[^1]}; a list has commas")),
    ];

    private static long? Rate(string? text)
    {
        const string Hint = "write a number and its unit, from 8kbit to 1000gbit, as in 621mbit";
        if (text is null)
            return null;

        (string Unit, double Factor)[] units = [("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9), ("bit", 1)];
        (string unit, double factor) = units.FirstOrDefault(one => text.EndsWith(one.Unit, StringComparison.OrdinalIgnoreCase));
        return unit is not null
            && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number * factor is >= 8e3 and <= 1e12 and double rate
            ? (long)rate
            : throw new UsageException($"--rate '{text}' is not a rate", Hint);
    }

    private static double Number(string option, string? text, double most, string hint)
    {
        if (text is null)
            return 0;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number >= 0 && number <= most
            ? number
            : throw new UsageException($"{option} '{text}' is not understood", "give " + hint);
    }

    private static int Behind(string? text)
    {
        if (text is null)
            return 1;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= LabOptions.MostBehind
            ? number
            : throw new UsageException($"--behind '{text}' is not a number of hosts", $"give 1 to {LabOptions.MostBehind}");
    }
}

using System.Globalization;

namespace HashJoin;

internal enum ExchangeKind
{
    Streaming,
    AllToAllV,
}

/// <summary>The command line.</summary>
internal sealed record JoinOptions
{
    /// <summary>Without --verify or --no-verify, joins of up to this many lines are checked.</summary>
    public const long VerifiedLines = 8_000_000;

    public const string Usage =
        "usage: HashJoin [--data DIR | --generate ROWS [--skew Z]] [--exchange alltoallv|streaming] [--verify | --no-verify]";

    public string? Data { get; private set; }

    public long? Generate { get; private set; }

    public double Skew { get; private set; }

    /// <summary>
    /// AllToAllV keeps to the topology's links and wins where ranks share cores; streaming needs memory for a few blocks only.
    /// </summary>
    public ExchangeKind Exchange { get; private set; } = ExchangeKind.AllToAllV;

    public bool? Verify { get; private set; }

    public static JoinOptions Parse(string[] args)
    {
        JoinOptions options = new();
        bool skewGiven = false;
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--data":
                    options.Data = Value(args, ref i);
                    break;
                case "--generate":
                    options.Generate = Number<long>(args, ref i, NumberStyles.AllowLeadingSign | NumberStyles.AllowThousands);
                    break;
                case "--skew":
                    options.Skew = Number<double>(args, ref i, NumberStyles.Float);
                    skewGiven = true;
                    break;
                case "--exchange":
                    options.Exchange = Value(args, ref i) switch
                    {
                        "streaming" => ExchangeKind.Streaming,
                        "alltoallv" => ExchangeKind.AllToAllV,
                        string other => throw new InputException($"--exchange takes streaming or alltoallv, not '{other}'"),
                    };
                    break;
                case "--verify":
                    options.Verify = true;
                    break;
                case "--no-verify":
                    options.Verify = false;
                    break;
                default:
                    throw new InputException($"unknown option '{args[i]}'\n{Usage}");
            }
        }

        if (options.Data is not null && options.Generate is not null)
            throw new InputException($"--data and --generate exclude each other\n{Usage}");
        if (options.Generate < 0)
            throw new InputException($"--generate takes zero or more rows, not {options.Generate}");
        if (skewGiven && options.Generate is null)
            throw new InputException($"--skew needs --generate\n{Usage}");
        if (options.Skew is not (>= 0 and <= 10))
            throw new InputException($"--skew takes a Zipf exponent from 0 to 10, not {options.Skew}");
        return options;
    }

    public async Task<IJoinInput> OpenInputAsync(CancellationToken cancellationToken) =>
        Generate is long rows
            ? new SyntheticInput(rows, Skew)
            : await ParquetInput.OpenAsync(Data ?? ParquetInput.FindDefaultFolder(), cancellationToken);

    private static string Value(string[] args, ref int i) =>
        ++i < args.Length ? args[i] : throw new InputException($"{args[i - 1]} needs a value\n{Usage}");

    private static T Number<T>(string[] args, ref int i, NumberStyles styles)
        where T : System.Numerics.INumber<T>
    {
        string option = args[i], text = Value(args, ref i);
        return T.TryParse(text, styles, CultureInfo.InvariantCulture, out T? number)
            ? number
            : throw new InputException($"{option} takes a number, not '{text}'");
    }
}

namespace HashJoin;

/// <summary>
/// Tables made from row numbers alone: row i is the same whichever rank makes it and however many ranks there are.
/// Of 17 order keys that lines may name, 16 exist; with a skew Z, key k is drawn with a weight of 1/k^Z (Zipf).
/// </summary>
internal sealed class SyntheticInput(long rows, double skew) : IJoinInput
{
    private const ulong OrderSeed = 0x6F72_6465_7273_2031;
    private const ulong LineSeed = 0x6C69_6E65_6974_656D;

    public string Name => $"{rows:N0} generated lines, skew {skew}";

    public long OrderCount { get; } = (rows + 3) / 4;

    public long LineCount => rows;

    public Task<OrderRow[]> ReadOrdersAsync(RowRange range, CancellationToken cancellationToken)
    {
        OrderRow[] orders = new OrderRow[checked((int)range.Count)];
        for (int i = 0; i < orders.Length; i++)
        {
            SplitMix random = new(OrderSeed, range.First + i);
            orders[i] = new OrderRow(range.First + i + 1, (int)random.Below(Priorities.Count));
        }

        return Task.FromResult(orders);
    }

    public Task<LineRow[]> ReadLinesAsync(RowRange range, CancellationToken cancellationToken)
    {
        ZipfSampler keys = new(Math.Max(1, OrderCount + OrderCount / 16), skew);
        LineRow[] lines = new LineRow[checked((int)range.Count)];
        for (int i = 0; i < lines.Length; i++)
        {
            SplitMix random = new(LineSeed, range.First + i);
            lines[i] = new LineRow(keys.Next(ref random), 90_000 + (int)random.Below(10_400_000), (int)random.Below(11));
        }

        return Task.FromResult(lines);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>SplitMix64 (Steele, Lea, Flood 2014), started anew for every row.</summary>
internal struct SplitMix(ulong seed, long row)
{
    // The row is mixed before it is used: neighbouring rows would otherwise run through each other's sequences.
    private ulong _state = Mix(seed ^ Mix((ulong)row + 0x9E37_79B9_7F4A_7C15));

    public ulong Next() => Mix(_state += 0x9E37_79B9_7F4A_7C15);

    public ulong Below(ulong bound) => Math.BigMul(Next(), bound, out _);

    /// <summary>In [0, 1), 53 bits.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}

/// <summary>
/// Numbers 1 … count with weight 1/k^exponent, in constant time and memory: rejection-inversion (Hörmann, Derflinger 1996).
/// It uses Math.Exp and Math.Log, so ranks that share a job must run on the same platform, as the wire format asks anyway.
/// </summary>
internal readonly struct ZipfSampler
{
    private readonly long _count;
    private readonly double _exponent;
    private readonly double _areaOfFirst;
    private readonly double _areaOfAll;
    private readonly double _shortcut;

    public ZipfSampler(long count, double exponent)
    {
        _count = count;
        _exponent = exponent;
        _areaOfFirst = Area(1.5) - 1;
        _areaOfAll = Area(count + 0.5);
        _shortcut = 2 - InverseArea(Area(2.5) - Weight(2));
    }

    public long Next(ref SplitMix random)
    {
        if (_exponent == 0)
            return 1 + (long)random.Below((ulong)_count);

        while (true)
        {
            double area = _areaOfAll + random.NextDouble() * (_areaOfFirst - _areaOfAll);
            double x = InverseArea(area);
            long k = Math.Clamp((long)(x + 0.5), 1, _count);
            if (k - x <= _shortcut || area >= Area(k + 0.5) - Weight(k))
                return k;
        }
    }

    private double Weight(double x) => Math.Exp(-_exponent * Math.Log(x));

    // The integral of the weight: (x^(1-e) - 1) / (1-e), which is log x at e = 1.
    private double Area(double x)
    {
        double log = Math.Log(x), t = (1 - _exponent) * log;
        return log * (Math.Abs(t) > 1e-8 ? (Math.Exp(t) - 1) / t : 1 + t / 2);
    }

    private double InverseArea(double area)
    {
        double t = Math.Max(-1, area * (1 - _exponent));
        return Math.Exp(area * (Math.Abs(t) > 1e-8 ? Math.Log(1 + t) / t : 1 - t / 2));
    }
}

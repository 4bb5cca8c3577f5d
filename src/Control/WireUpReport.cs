namespace BoxerMpi.Control;

/// <summary>How a link came up.</summary>
internal enum LinkWay : byte
{
    /// <summary>One end connected to the other; no NAT had to be opened from inside.</summary>
    Direct,

    /// <summary>Both ends opened their NATs for each other at once.</summary>
    Punched,

    /// <summary>One end opened its NAT, then the other connected.</summary>
    Sequential,

    /// <summary>As sequential, but the socket that opened the NAT became the link.</summary>
    HandedOver,

    /// <summary>Through the coordinator.</summary>
    Relayed,
}

/// <summary>How one link of a rank came up, as that rank saw it.</summary>
/// <param name="Peer">Rank of the other end.</param>
/// <param name="Way">How.</param>
/// <param name="Attempts">Connections that this end tried, the successful one included.</param>
/// <param name="Took">From this end's first step towards the link until it was up.</param>
internal sealed record LinkReport(int Peer, LinkWay Way, int Attempts, TimeSpan Took);

/// <summary>What a rank tells of the set-up of its links.</summary>
/// <param name="Links">How each link came up, the slowest first; at most <see cref="Limits.LinksPerReport"/> travel.</param>
/// <param name="Count">Links that are up.</param>
/// <param name="Attempts">Connections that this rank tried for all of them.</param>
/// <param name="Elapsed">From the start of the wire-up to the last link.</param>
internal sealed record WireUpReport(IReadOnlyList<LinkReport> Links, int Count, int Attempts, TimeSpan Elapsed)
{
    // Peer, way, attempts, microseconds.
    private const int LinkBytes = 4 + 1 + 2 + 4;

    /// <summary>A report of links that are all listed.</summary>
    public static WireUpReport Of(IEnumerable<LinkReport> links, TimeSpan elapsed)
    {
        LinkReport[] slowestFirst = [.. links];
        Array.Sort(slowestFirst, static (a, b) => b.Took.CompareTo(a.Took));
        int attempts = 0;
        foreach (LinkReport link in slowestFirst)
            attempts += link.Attempts;
        return new WireUpReport(slowestFirst, slowestFirst.Length, attempts, elapsed);
    }

    public ReadOnlyMemory<byte> Encode()
    {
        int listed = Math.Min(Links.Count, Limits.LinksPerReport);
        MessageWriter writer = new MessageWriter(ControlKind.Linked, 32 + (listed * LinkBytes)).Int32(Count).Int32(Attempts).Time(Elapsed).Int32(listed);
        for (int i = 0; i < listed; i++)
        {
            LinkReport link = Links[i];
            writer.Int32(link.Peer).Byte((byte)link.Way).UInt16((ushort)Math.Clamp(link.Attempts, 0, ushort.MaxValue))
                .UInt32((uint)Math.Clamp(link.Took.TotalMicroseconds, 0, uint.MaxValue));
        }

        return writer.Finish();
    }

    public static WireUpReport Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        int count = reader.Int32();
        int attempts = reader.Int32();
        TimeSpan elapsed = reader.Time();
        LinkReport[] links = new LinkReport[reader.Count(Limits.LinksPerReport, LinkBytes)];
        if (count < links.Length || attempts < 0)
            throw new WireFormatException($"A report of {count} links and {attempts} attempts that lists {links.Length} makes no sense.");
        for (int i = 0; i < links.Length; i++)
        {
            int peer = reader.Int32();
            byte way = reader.Byte();
            if (way > (byte)LinkWay.Relayed)
                throw new WireFormatException($"Way {way} of a link is unknown.");
            links[i] = new LinkReport(peer, (LinkWay)way, reader.UInt16(), TimeSpan.FromMicroseconds(reader.UInt32()));
        }

        reader.End();
        return new WireUpReport(links, count, attempts, elapsed);
    }
}

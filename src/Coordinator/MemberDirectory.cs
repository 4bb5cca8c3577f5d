using System.Diagnostics;
using System.Net;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>Finds the ranks of a job by what their members are known by.</summary>
/// <param name="gate">The job's lock, which its caller holds.</param>
internal sealed class MemberDirectory(Lock gate)
{
    private readonly Dictionary<Guid, int> _rankOfMember = [];
    private readonly Dictionary<IPEndPoint, int> _rankOfEndPoint = [];
    private readonly Dictionary<IPAddress, int> _rankOfAddress = [];

    /// <summary>The rank of a member, or -1.</summary>
    public int RankOf(Guid member) => Find(_rankOfMember, member);

    /// <summary>The rank that was observed at an endpoint or accepts links there, or -1.</summary>
    public int RankAt(IPEndPoint endPoint) => Find(_rankOfEndPoint, endPoint);

    /// <summary>The first rank that was observed at an address, or -1.</summary>
    public int RankAt(IPAddress address) => Find(_rankOfAddress, address);

    public void Add(MemberInfo info)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _rankOfMember[info.Id] = info.Rank;
        _rankOfAddress.TryAdd(info.Observed.Address, info.Rank);
        _rankOfEndPoint[info.Observed] = info.Rank;
        foreach (IPEndPoint endPoint in info.EndPoints)
            _rankOfEndPoint[endPoint] = info.Rank;
    }

    public void Remove(MemberInfo info)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _rankOfMember.Remove(info.Id);
        if (RankAt(info.Observed.Address) == info.Rank)
            _rankOfAddress.Remove(info.Observed.Address);
        _rankOfEndPoint.Remove(info.Observed);
        foreach (IPEndPoint endPoint in info.EndPoints)
            _rankOfEndPoint.Remove(endPoint);
    }

    private int Find<TKey>(Dictionary<TKey, int> ranks, TKey key)
        where TKey : notnull
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        return ranks.GetValueOrDefault(key, -1);
    }
}

using BoxerMpi.LambdaService.Execution;
using BoxerMpi.NatLab;

namespace BoxerMpi.Functions;

/// <summary>The hosts of a NAT lab as networks of functions; the seed's host is outside of them all.</summary>
internal sealed class LabNetworks(Lab lab) : INetworks
{
    public int Count => lab.Hosts.Count;

    public T RunIn<T>(int number, Func<T> body) => lab.Hosts[number].Run(body);

    public T RunOutside<T>(Func<T> body) => lab.Seed.Run(body);
}

using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Launching.Jobs;

/// <summary>The option that may help a job whose ranks did not get their links: the library's errors name the setting only.</summary>
internal static class RelayAdvice
{
    /// <returns>A line, or nothing where a relay would not help, or is allowed.</returns>
    public static IEnumerable<string> Of(SeedJob job)
    {
        if (job.Spec.Relay || !job.Started.IsCompletedSuccessfully || job.AllLinked.IsCompleted)
            yield break;
        MemberInfo[] behind = [.. job.Members.Where(member => member.Nat != NatKind.None)];
        if (behind.Length > 1 && behind.Any(member => member.Nat is NatKind.Symmetric or NatKind.Unknown))
        {
            string ranks = Verdict.List(behind.Select(member => member.Rank));
            yield return $"ranks {ranks} are behind NATs, not all of which can be opened for each other; --relay lets them talk through the coordinator";
        }
    }
}

using System.CommandLine;
using BoxerMpi.Aws;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launcher.Options;

namespace BoxerMpi.Launcher.Lambda;

/// <summary><c>boxer lambda list</c>: the functions that boxer has deployed.</summary>
internal sealed class ListCommand : Command
{
    private readonly LambdaOptions _lambda;

    public ListCommand()
        : base("list", "Lists the functions that boxer has deployed")
    {
        _lambda = new LambdaOptions(this);
        SetAction(ExecuteAsync);
    }

    private async Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using LambdaClient lambda = _lambda.Connect(parsed);
        foreach (FunctionInfo function in (await lambda.ListFunctionsAsync(cancellationToken)).Where(FunctionPlan.IsOurs))
        {
            Console.WriteLine(
                $"{function.Name}  {function.MemoryMegabytes} MB  {function.Timeout.TotalSeconds:F0} s  {function.Architecture}  "
                + $"{function.CodeBytes} bytes  {function.Modified}  {function.Description[FunctionPlan.Mark.Length..]}");
        }

        return 0;
    }
}

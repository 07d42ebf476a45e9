// What the node table must do, in the plainest words (operations §7): objects in a Map, and after every command whatever
// nothing refers to is dropped. The property tests hold the table of the arena to it.

/** One node of the model. */
export interface ModelNode {
  readonly id: string;
  readonly slot: number;
  parent: ModelNode | undefined;
  name: string;
  lookups: number;
  sticky: boolean;
  opens: number;
  locks: number;
  link_key: number;
  /** The kernel may hold attributes of it, and is told when they change. */
  is_to_be_told: boolean;
}

/** The table as a Map from the kernel's number to the node. */
export class NodeModel {
  readonly nodes = new Map<string, ModelNode>();
  readonly root: ModelNode;
  /** Every number that was ever given out. */
  private readonly seen: Set<string>;

  constructor(seen: Set<string>, private readonly never_forget: boolean) {
    this.seen = seen;
    this.root = this.put("1.0", 1);
  }

  private put(id: string, slot: number): ModelNode {
    const node: ModelNode = {
      id,
      slot,
      parent: undefined,
      name: "",
      lookups: 0,
      sticky: false,
      opens: 0,
      locks: 0,
      link_key: 0,
      is_to_be_told: false,
    };
    this.nodes.set(id, node);
    return node;
  }

  all(): ModelNode[] {
    return [...this.nodes.values()];
  }

  find(parent: ModelNode, name: string): ModelNode | undefined {
    return this.all().find((node) => node.parent === parent && node.name === name);
  }

  is_below(node: ModelNode, above: ModelNode): boolean {
    for (let at: ModelNode | undefined = node; at !== undefined; at = at.parent) if (at === above) return true;
    return false;
  }

  /** The path from the root, or undefined when a name on the way is gone. */
  path_of(node: ModelNode): string | undefined {
    if (node === this.root) return "";
    const above = node.parent && this.path_of(node.parent);
    if (above === undefined) return undefined;
    return above === "" ? node.name : `${above}/${node.name}`;
  }

  /** The node itself and its ancestors below the root. */
  chain(node: ModelNode): ModelNode[] {
    return node === this.root || node.parent === undefined ? [] : [node, ...this.chain(node.parent)];
  }

  /** A look-up was answered with this number. */
  add(id: string, slot: number, parent: ModelNode | undefined, name: string): ModelNode {
    if (this.seen.has(id)) throw new Error(`The number ${id} came twice`);
    this.seen.add(id);
    const node = this.put(id, slot);
    node.lookups = 1;
    if (parent !== undefined) this.give_name(node, parent, name);
    return node;
  }

  give_name(node: ModelNode, parent: ModelNode, name: string): void {
    if (node.parent === undefined && this.never_forget) {
      node.sticky = true;
      node.lookups++;
    }
    node.parent = parent;
    node.name = name;
  }

  forget(node: ModelNode, count: number): void {
    if (node !== this.root) node.lookups = Math.max(node.lookups - count, node.sticky ? 1 : 0);
    this.drop_unused();
  }

  detach(node: ModelNode): void {
    if (node.parent !== undefined) {
      if (node.sticky) node.lookups--;
      node.sticky = false;
      node.parent = undefined;
    }
    this.drop_unused();
  }

  move(node: ModelNode, parent: ModelNode, name: string): void {
    const former = this.find(parent, name);
    if (former === node) return;
    this.give_name(node, parent, name);
    if (former !== undefined) this.detach(former);
    this.drop_unused();
  }

  exchange(a: ModelNode, b: ModelNode): void {
    [a.parent, b.parent] = [b.parent, a.parent];
    [a.name, b.name] = [b.name, a.name];
  }

  /** The nodes of that key that are to be told, but for one; they count as told then. */
  take_links(key: number, changed: ModelNode): ModelNode[] {
    const taken = this.all().filter((node) => node.is_to_be_told && node.link_key === key && node !== changed);
    for (const node of taken) node.is_to_be_told = false;
    return taken;
  }

  drop_unused(): void {
    const parents = new Set(this.all().map((node) => node.parent));
    const unused = this.all().filter((node) =>
      node !== this.root && node.lookups + node.opens + node.locks === 0 && !parents.has(node)
    );
    for (const { id } of unused) this.nodes.delete(id);
    if (unused.length > 0) this.drop_unused();
  }
}

/** What is wrong with a layer. Where it is, `applyLayers` adds. */
export class LayerFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LayerFault'
  }
}
